"""Values of variables: references into blobs, columns of rows, and how two values compare."""
