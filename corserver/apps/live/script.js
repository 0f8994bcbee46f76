// Reloads the page when the server says that something has changed; styles alone are swapped. Where there are Web Locks
// one page listens for all that are open, because a browser has few connections for a server. A state is the name of the
// server's run and a number of changes.
{
  const script = document.currentScript.src;
  const stream = new URL("live", script).href;
  const channel = new BroadcastChannel(stream);
  let known = new URL(script).searchParams.get("at");

  function reload(state) {
    // Where what comes is as old as what went, as from a service worker, once is enough.
    if (sessionStorage.getItem(stream) === state) return;
    sessionStorage.setItem(stream, state);
    location.reload();
  }

  function swapStyles(state) {
    for (const link of document.querySelectorAll("link[rel~=stylesheet][href]")) {
      const url = new URL(link.href);
      if (url.origin !== location.origin) continue;
      url.searchParams.set("live", state);
      const fresh = link.cloneNode();
      fresh.href = url;
      fresh.addEventListener("load", () => link.remove());
      fresh.addEventListener("error", () => link.remove());
      link.after(fresh);
    }
  }

  function isNews(state) {
    const [run, count] = state.split("-");
    const [knownRun, knownCount] = known.split("-");
    return run !== knownRun || Number(count) > Number(knownCount);
  }

  function take({kind, state}) {
    if (!isNews(state)) return;
    known = state;
    if (kind === "style") swapStyles(state);
    else reload(state);
  }

  let listens = false;

  function listen() {
    const source = new EventSource(stream);
    for (const kind of ["state", "style", "reload"]) {
      source.addEventListener(kind, (event) => {
        const message = {kind, state: event.data};
        listens = true;
        channel.postMessage(message);
        take(message);
      });
    }
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return; // It tries again by itself.
      setTimeout(listen, 1000);
    });
  }

  channel.addEventListener("message", ({data}) => {
    if (data.kind !== "ask") take(data);
    else if (listens) channel.postMessage({kind: "state", state: known});
  });
  channel.postMessage({kind: "ask"}); // What was told before this page listened.
  if (navigator.locks) navigator.locks.request(stream, () => (listen(), new Promise(() => {})));
  else listen();
}
