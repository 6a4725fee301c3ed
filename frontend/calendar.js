// A browser takes some 20 ms to load its calendar when it is first asked for a date. Here it has the time: it waits for
// the stylesheet.
new Intl.DateTimeFormat();
