import { render } from "preact";
import "./styles/app.css";
import { App } from "./app";
import { start } from "./start";
import { loadSession } from "./state/session";
import { watchAddress } from "./state/router";

watchAddress();
render(<App />, document.getElementById("app")!);
void loadSession().then((here) => (here ? start() : undefined));
