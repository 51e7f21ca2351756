"""The exercises of the lab, one module for each notebook."""
