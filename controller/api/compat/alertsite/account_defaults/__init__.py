"""AlertSite's account defaults, which new monitors take."""
