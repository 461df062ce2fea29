"""The dashboard: a Solara page over the simulator. It holds no science."""
