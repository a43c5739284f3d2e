"""Connections: who may come in, what they may send, and how they leave."""
