"""The engine of Maquette. Nothing in this package knows Blender (a test says so)."""
