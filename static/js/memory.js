/**
 * What this browser remembers for a user: drafts and messages that are not sent yet. Keys name the user, so that the
 * next one to sign in here sees nothing of it; a sign-out forgets everything.
 */
const PREFIX = "tokenproject:";

export class Memory {
  constructor(userId) {
    this.prefix = `${PREFIX}${userId}:`;
  }

  get(key) {
    return JSON.parse(localStorage.getItem(this.prefix + key) ?? "null");
  }

  /** True if it is kept; false if the browser has no room or forbids it. */
  set(key, value) {
    try {
      localStorage.setItem(this.prefix + key, JSON.stringify(value));
      return true;
    } catch {
      return false;
    }
  }

  /** Every value whose key begins with `start`. */
  all(start) {
    const whole = this.prefix + start;
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(whole))
      .map((key) => this.get(key.slice(this.prefix.length)));
  }

  remove(key) {
    localStorage.removeItem(this.prefix + key);
  }
}

export function forgetEverything() {
  for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
}
