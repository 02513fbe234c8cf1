"""Files as contents: appended, mapped, hashed, and indexes beside them."""
