"""Reads the texts of a source in the forms that the user describes."""
