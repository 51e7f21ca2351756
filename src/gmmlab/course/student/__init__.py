"""What a student uses: the working copy, JupyterLab on it, and the doctor."""
