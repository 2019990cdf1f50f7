"""A results folder in people's hands: verified, adopted, watched and diagnosed."""
