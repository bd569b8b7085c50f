"""What a sync costs, measured against a local HubSpot and beside other ways to do it."""
