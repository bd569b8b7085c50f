"""What a property is, which values it takes, and what every portal has."""
