// Draws who sends what to whom: an item of a list for each event.

/** An element with properties and children; text is never read as HTML. */
export function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Text as nodes, what stands between backticks as code. */
export const prose = (text) => text.split("`").map((part, index) => index % 2 ? make("code", {}, part) : part);

export const MARKS = {ok: ["✓", "passed"], bad: ["✗", "failed"]};

/** ✓ or ✗, with the word for who does not see it. */
export function mark(state) {
  if (!state) return null;
  const [sign, word] = MARKS[state];
  return make("span", {className: `mark ${state}`}, make("span", {ariaHidden: "true"}, sign),
    make("span", {className: "unseen"}, `${word}: `));
}

function drawLine(line) {
  const value = line.absent ? make("em", {}, "missing: ", ...prose(line.value)) : line.value;
  return make("li", {className: line.state}, mark(line.state), make("b", {}, `${line.name}:`), " ", value);
}

/** An event of the picture; *lanes* are the names of `script`, `browser` and `b`. */
export function drawEvent(event, lanes) {
  const isNote = event.from === event.to;
  const way = isNote ? lanes[event.from] : `${lanes[event.from]} to ${lanes[event.to]}`;
  const item = make("li", {className: `event ${isNote ? "note" : "message"} ${event.from}-${event.to} ${event.state}`},
    make("span", {className: "way"}, way),
    make("p", {className: "what"}, mark(event.state), event.title));
  if (event.lines.length) item.append(make("ul", {className: "lines"}, ...event.lines.map(drawLine)));
  for (const words of event.words) item.append(make("p", {className: "words"}, ...prose(words)));
  return item;
}
