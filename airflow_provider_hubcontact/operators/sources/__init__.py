"""What a user hands over becomes rows."""
