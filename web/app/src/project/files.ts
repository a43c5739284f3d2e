// Files of a project: up with progress, down with a token.
import { accessToken, Refused } from "../session/rest.js";

/**
 * Upload a file. `onProgress` is told how much of it has left, 0 to 1. Throws Refused; with the
 * code `aborted` when `signal` ended it.
 */
export async function upload(
  project: number,
  file: File,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const token = await accessToken();
  if (signal.aborted) throw stopped();
  const body = new FormData();
  body.append("file", file);
  // fetch() does not tell how much of a body has left.
  const request = new XMLHttpRequest();
  request.open("POST", `/api/projects/${project}/canvases/`);
  request.setRequestHeader("authorization", `Bearer ${token}`);
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    onProgress(total ? loaded / total : 0);
  });
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      request.abort();
    };
    signal.addEventListener("abort", stop);
    request.addEventListener("loadend", () => {
      signal.removeEventListener("abort", stop);
      if (request.status === 201) resolve();
      else reject(problem(request, signal));
    });
    request.send(body);
  });
}

function stopped(): Refused {
  return new Refused(0, "aborted", "The upload was stopped.");
}

function problem(request: XMLHttpRequest, signal: AbortSignal): Refused {
  if (signal.aborted) return stopped();
  if (!request.status) {
    return new Refused(
      0,
      "offline",
      "The upload was cut off. Is the network there, and is the file not too large?",
    );
  }
  try {
    const { code, detail } = JSON.parse(request.responseText) as { code: string; detail: string };
    return new Refused(request.status, code, detail);
  } catch {
    return new Refused(request.status, "unavailable", request.statusText);
  }
}

async function fetched(path: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { headers: { authorization: `Bearer ${await accessToken()}` } });
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused(0, "offline", "Workroom cannot be reached. Is the network there?");
  }
  if (response.ok) return response;
  throw new Refused(response.status, "not_found", "This file cannot be read any more.");
}

/** A file as an address for pictures and players; `URL.revokeObjectURL` lets it go. Throws Refused. */
export async function address(path: string): Promise<string> {
  return URL.createObjectURL(await (await fetched(path)).blob());
}

/** The waveform of a recording: how loud each of so many equal parts is. Throws Refused. */
export async function peaks(canvas: number): Promise<readonly number[]> {
  const response = await fetched(`/api/canvases/${canvas}/thumbnail/`);
  return ((await response.json()) as { readonly peaks: readonly number[] }).peaks;
}
