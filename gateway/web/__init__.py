"""HTTP: pages for people, our API, and the faces of other systems. Reads `store`, calls `intake`."""
