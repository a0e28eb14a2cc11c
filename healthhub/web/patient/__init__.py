"""A patient's page for her clinicians, tab by tab; the address is the state."""
