// The text of a scenario in CodeMirror. It stands in a shadow root, where its styles are style sheets of their own, which
// the content security policy allows; colours come in as the page's custom properties.
import {
  Compartment, EditorState, EditorView, HighlightStyle, StandardSQL, autocompletion, bracketMatching, closeBrackets,
  closeBracketsKeymap, completionKeymap, crosshairCursor, defaultKeymap, drawSelection, foldGutter, foldKeymap,
  highlightActiveLine, highlightActiveLineGutter, highlightSelectionMatches, highlightSpecialChars, history,
  historyKeymap, indentOnInput, indentUnit, indentWithTab, json, keymap, lineNumbers, lintGutter, lintKeymap,
  rectangularSelection, searchKeymap, setDiagnostics, sql, syntaxHighlighting, tags, yaml,
} from "./vendor/codemirror.js";

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--code-key)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-text)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--code-value)" },
  { tag: [tags.keyword, tags.operatorKeyword, tags.typeName], color: "var(--code-word)", fontWeight: "600" },
  { tag: [tags.comment, tags.meta], color: "var(--faint)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.bracket], color: "var(--faint)" },
  { tag: tags.invalid, color: "var(--bad)" },
]);
const THEME = EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "var(--card)", fontSize: "14px" },
  "&.cm-focused": { outline: "none" }, // its card shows the focus
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5" },
  ".cm-content": { caretColor: "var(--ink)", padding: ".4rem 0" },
  ".cm-cursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "2px" },
  ".cm-gutters": { backgroundColor: "var(--ground)", color: "var(--faint)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--code-line)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "var(--code-selection)",
  },
  ".cm-selectionMatch": { backgroundColor: "var(--code-match)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--code-match)", outline: "1px solid var(--edge)" },
  ".cm-foldPlaceholder": { background: "var(--calm-ground)", color: "var(--calm)", border: "0", padding: "0 .4em" },
  ".cm-tooltip, .cm-panels": {
    backgroundColor: "var(--card)", color: "var(--ink)", border: "1px solid var(--edge)", borderRadius: "6px",
  },
  ".cm-panels": { borderRadius: "0" },
  ".cm-textfield": { backgroundColor: "var(--field)", color: "var(--ink)", border: "1px solid var(--edge)" },
  ".cm-button": { backgroundImage: "none", backgroundColor: "var(--card)", color: "var(--main)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "16em" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: ".15rem .5rem", lineHeight: "1.5" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--main)", color: "var(--main-ink)" },
  ".cm-completionDetail": { opacity: ".75", fontStyle: "normal", marginLeft: "1em" },
  ".cm-completionInfo": { padding: ".5rem .7rem", maxWidth: "24rem", lineHeight: "1.45", overflowWrap: "anywhere" },
  ".cm-completionInfo code": { fontFamily: "var(--mono)", fontSize: ".9em" },
  ".cm-diagnostic": { whiteSpace: "pre-wrap", padding: ".4rem .6rem", maxWidth: "34rem" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-lintRange-error": {
    backgroundImage: "none", textDecoration: "underline wavy var(--bad)", textUnderlineOffset: "3px",
  },
});
// The browser itself, replacing several lines at once, would write styles into the text, which the policy refuses.
const REPLACING = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { main } = view.state.selection;
    const isLong = view.state.doc.lineAt(main.from).to < main.to;
    if (event.inputType !== "insertText" || !event.data || view.composing || !isLong) return false;
    view.dispatch(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
    event.preventDefault();
    return true;
  },
});
const LANGUAGES = { YAML: () => yaml(), JSON: () => json(), SQL: () => sql({ dialect: StandardSQL }) };
// As the server tells them apart: behind comments, a word that statements begin with and no colon.
const COMMENTS = /^(?:\s+|--.*(?:\n|$)|#.*(?:\n|$)|\/\*[^]*?\*\/)+/;
const STATEMENT =
  /^(?:(?:create|alter|drop|set|begin|start|use|comment|pragma|lock|select|grant|copy|insert|commit|truncate|exec|print|declare|delimiter|delete|update|if|go|do)\b|\\\w+\b)(?!\s*:)/i;

export function languageOf(text) {
  if (/^\s*[{[]/.test(text)) return "JSON";
  return STATEMENT.test(text.replace(COMMENTS, "")) ? "SQL" : "YAML";
}

/** An editor in `place`. changed: called with each new text; complete: a source of completions for YAML and JSON. */
export function codeEditor(place, { text, label, changed, complete }) {
  const shadow = place.attachShadow({ mode: "open" });
  const language = new Compartment();
  let spoken = languageOf(text);
  const speaking = (name) => [LANGUAGES[name](), autocompletion({ icons: false, ...(name === "SQL" ? {} : { override: [complete] }) })];
  const watched = EditorView.updateListener.of((update) => {
    if (!update.docChanged) return;
    const now = update.state.doc.toString();
    const name = languageOf(now);
    if (name !== spoken) queueMicrotask(() => view.dispatch({ effects: language.reconfigure(speaking(name)) }));
    spoken = name;
    changed(now);
  });
  const view = new EditorView({
    parent: shadow,
    root: shadow,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(), lintGutter(), foldGutter(), highlightSpecialChars(), history(), drawSelection(), indentOnInput(),
        EditorState.allowMultipleSelections.of(true), bracketMatching(), closeBrackets(), rectangularSelection(),
        crosshairCursor(), highlightActiveLine(), highlightActiveLineGutter(), highlightSelectionMatches(),
        keymap.of([
          ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap,
          ...completionKeymap, ...lintKeymap, indentWithTab,
        ]),
        indentUnit.of("  "), EditorState.tabSize.of(2), syntaxHighlighting(COLOURS), THEME, REPLACING, watched,
        language.of(speaking(spoken)),
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", autocapitalize: "off" }),
      ],
    }),
  });
  const positionOf = (line, column) => {
    const found = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
    return Math.min(found.from + Math.max(column - 1, 0), found.to);
  };
  return {
    get language() {
      return spoken;
    },
    text: () => view.state.doc.toString(),
    /** Put another text into the place of all; it can be undone. */
    replace: (other) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: other } }),
    /** Put the caret on a line; `focus` where the reader asked for the text, not only to see it. */
    go(line, column, focus = true) {
      const at = positionOf(line, column);
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "start", yMargin: 60 }) });
      if (focus) view.focus();
    },
    /** Mark the problems at their lines: in the gutter, and under what they speak of. */
    mark(problems) {
      const marks = problems.filter((each) => each.line).map((each) => {
        const from = positionOf(each.line, each.column || 1);
        const line = view.state.doc.lineAt(from);
        const word = view.state.doc.sliceString(from, line.to).match(/^[^\s:,{}[\]]+/);
        return { from, to: word ? from + word[0].length : line.to, severity: each.severity, message: each.message };
      });
      view.dispatch(setDiagnostics(view.state, marks));
    },
  };
}
