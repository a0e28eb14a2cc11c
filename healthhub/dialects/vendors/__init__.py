"""What makers' clouds answer when we ask them for a person's readings. One module per maker, all of the same form; see `form`."""
