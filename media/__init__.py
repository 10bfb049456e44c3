"""The media node: takes media in by WHIP, gives it out by WHEP, and forwards encoded packets."""
