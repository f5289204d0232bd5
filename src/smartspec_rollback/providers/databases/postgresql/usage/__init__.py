"""What a statement touches, worked out from its text and a catalog; asks no server."""
