"""HubSpot's contacts: what they are, and how they change. Knows no HTTP."""
