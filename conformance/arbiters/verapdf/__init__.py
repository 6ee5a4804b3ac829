"""veraPDF, the reference validator of PDF/A, run as a second judge beside ours when its parts are on this machine."""
