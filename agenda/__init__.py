"""The pure domain of a conference: no web, no database, no clock."""
