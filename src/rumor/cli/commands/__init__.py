"""What the program can be told: each command's options, help and examples. What a command does stands beside this."""
