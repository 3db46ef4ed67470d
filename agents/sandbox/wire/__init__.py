"""The wire protocols: one package each, behind the seam in `base`."""
