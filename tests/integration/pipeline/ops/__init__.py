"""What ops see and are warned of: metrics, clocks, heartbeats, silent locations."""
