"""What an author uses: refresh, run, release and the book."""
