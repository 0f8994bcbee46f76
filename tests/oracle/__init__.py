"""What real browsers did, recorded, and the comparison of `corserver.cors.browser` with it. See README.md."""
