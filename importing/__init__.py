"""Blender's side of a finished model: may a scene be touched now, and putting the model into it."""
