"""What the families of figures share: drawing, sheets, panels, strips, ticks."""
