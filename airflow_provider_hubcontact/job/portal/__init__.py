"""What a run asks of HubSpot: its definitions, and its contacts."""
