"""Drafts, completes and repairs agendas: a scheduling problem, its score, and the search for a better one."""
