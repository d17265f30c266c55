"""How sound recorded in a page reaches the kernel: messages, uploads, and the page's state."""
