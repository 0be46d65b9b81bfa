"""Where the loop runs: `in_process` on one device, `ray_train` on several workers."""
