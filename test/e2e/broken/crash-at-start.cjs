/** A backend that doesn't come up at all. */
throw new Error("this release can't start");
