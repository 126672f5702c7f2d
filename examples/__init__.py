"""Small programs on the library; the tests run each of them."""
