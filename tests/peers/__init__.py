"""Tests against other people’s servers, run by ./plenary test --peers."""
