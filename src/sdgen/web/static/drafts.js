// Edits that were not saved, kept in this browser: one draft for each time that an editor is opened, so that two tabs
// never overwrite each other's.

const PREFIX = "sdgen-draft";
const MOST = 20; // drafts of one scenario; the oldest go

/** The drafts of a scenario ("" for a new one). A browser that keeps nothing has none. */
export function draftsOf(id) {
  const mine = `${PREFIX}:${id}:${Date.now()}-${Math.random().toString(36).slice(2, 8)}`;
  const remove = (key) => attempt(() => localStorage.removeItem(key));
  const others = () =>
    (attempt(() => Object.keys(localStorage)) || [])
      .filter((key) => key.startsWith(`${PREFIX}:${id}:`) && key !== mine)
      .map((key) => ({ key, ...parsed(key) }))
      .filter((draft) => typeof draft.text === "string")
      .sort((one, other) => other.at - one.at);
  for (const draft of others().slice(MOST)) remove(draft.key);
  return {
    /** Keep this editor's text; false where the browser refuses. */
    keep: (text) => attempt(() => localStorage.setItem(mine, JSON.stringify({ text, at: Date.now() })) || true) || false,
    forget: () => remove(mine),
    remove,
    /** The newest draft of another time that differs from the saved text; those that don't are of no use. */
    newest(saved) {
      for (const draft of others()) {
        if (draft.text !== saved) return draft;
        remove(draft.key);
      }
      return null;
    },
  };
}

function parsed(key) {
  return attempt(() => JSON.parse(localStorage.getItem(key))) || {};
}

/** The action's result; nothing where storage is full, forbidden, or holds something else. */
function attempt(action) {
  try {
    return action();
  } catch {
    return null;
  }
}
