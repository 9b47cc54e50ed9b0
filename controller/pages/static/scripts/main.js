// Every page works without this. Each module looks for its own elements and does nothing without them.
import "./login.js";
