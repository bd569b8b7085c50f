"""Whom this sync has put into lists, and who leaves them."""
