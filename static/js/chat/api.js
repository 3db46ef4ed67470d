/** Calls to the REST API, with the session's cookie and its CSRF token. */

/** What the server refused, in its own words; or that it could not be reached (`code` "unreachable"). */
export class Refused extends Error {
  constructor({ code, message, params = {}, retryable = false, retry_at = null, ref = null, status = 0 }) {
    super(message);
    Object.assign(this, { code, params, retryable, retryAt: retry_at, ref, status });
  }
}

const UNREACHABLE = "The server could not be reached. Nothing is lost; try again in a moment.";

export class Api {
  /** `onSignedOut` is called when the session is over; the call then fails, too. */
  constructor({ base, onSignedOut }) {
    this.base = base;
    this.onSignedOut = onSignedOut;
  }

  get = (path) => this.#call("GET", path);
  post = (path, body = {}) => this.#call("POST", path, body);
  patch = (path, body) => this.#call("PATCH", path, body);

  async #call(method, path, body) {
    const response = await fetch(this.base + path, {
      method,
      credentials: "same-origin",
      headers: {
        Accept: "application/json",
        ...(method === "GET" ? {} : { "Content-Type": "application/json", "X-CSRFToken": csrfToken() }),
      },
      body: body && JSON.stringify(body),
    }).catch(() => {
      throw new Refused({ code: "unreachable", message: UNREACHABLE, retryable: true });
    });
    if (response.ok) return response.status === 204 ? null : response.json();
    if (response.status === 401) this.onSignedOut();
    throw await refusalIn(response);
  }
}

export const csrfToken = () => document.querySelector('meta[name="csrf-token"]').content;

async function refusalIn(response) {
  const { error } = await response.json().catch(() => ({}));
  const message = `The server answered with status ${response.status}. Nothing is lost; try again in a moment.`;
  return new Refused({ code: "internal", message, ...error, status: response.status });
}
