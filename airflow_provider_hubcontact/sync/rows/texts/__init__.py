"""How the texts of a source are read, where the user says how they are written."""
