"""What is set about notifications."""
