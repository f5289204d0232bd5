"""``smartspec serve``: the HTTP API and the console, and who may come in to them."""
