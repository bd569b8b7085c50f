"""From a row of the source to a record: names, values, and what the portal allows."""
