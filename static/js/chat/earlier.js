/** Older messages than the page came with, a page at a time, when the reader asks for them. */
export function loadEarlier({ button, api, transcript, page, toasts }) {
  let cursor = page.earlier_cursor;
  button.hidden = !cursor;
  button.addEventListener("click", async () => {
    const { id } = page.conversation;
    try {
      const older = await api.get(`/conversations/${id}/messages?cursor=${encodeURIComponent(cursor)}`);
      transcript.prepend({ messages: older.items, turns: {}, conversation: id });
      cursor = older.next_cursor;
      button.hidden = !cursor;
    } catch (refused) {
      toasts.fail(refused.message);
    }
  });
}
