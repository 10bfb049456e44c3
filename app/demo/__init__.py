"""The demo: an invented conference that is happening now, its people and its synthetic speakers."""
