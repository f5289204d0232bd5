"""The controllers of a control plane, each a loop from what is wanted to what is."""
