/** `<folder-drop>`: a folder or several files that are dropped or chosen become one ZIP in the form inside. */
import { isPossible, partsOf } from "./zip.js";

/** @typedef {{path: string, file: File}} Found */

/** All files of what was dropped, with their paths. @param {FileSystemEntry} entry @returns {Promise<Found[]>} */
const filesOf = async (entry) => {
  if (entry.isFile) {
    const one = /** @type {FileSystemFileEntry} */ (entry);
    /** @type {File} */
    const file = await new Promise((resolve, reject) => one.file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, ""), file }];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const entries = [];
  // A reader gives a hundred at a time, and none at the end.
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) break;
    entries.push(...some);
  }
  const files = [];
  for (const inner of entries) files.push(...(await filesOf(inner)));
  return files;
};

/** @param {DataTransfer} dropped @returns {FileSystemEntry[]} */
const entriesOf = ({ items }) =>
  [...items].flatMap((item) => item.webkitGetAsEntry() ?? []);

class FolderDrop extends HTMLElement {
  connectedCallback() {
    for (const kind of ["dragover", "dragleave", "drop", "change"])
      this.addEventListener(kind, this);
  }
  disconnectedCallback() {
    for (const kind of ["dragover", "dragleave", "drop", "change"])
      this.removeEventListener(kind, this);
  }

  /** @param {Event} event */
  handleEvent(event) {
    const { target, type } = event;
    if (type === "change") {
      if (target instanceof HTMLInputElement && target.hasAttribute("webkitdirectory"))
        this.#take(
          [...(target.files ?? [])].map((file) => ({
            path: file.webkitRelativePath || file.name,
            file,
          })),
        );
      return;
    }
    this.classList.toggle("over", type === "dragover");
    if (type === "dragleave" || !(event instanceof DragEvent)) return;
    event.preventDefault();
    if (type !== "drop" || event.dataTransfer === null) return;
    // The entries are gone when this event has ended.
    const entries = entriesOf(event.dataTransfer);
    this.#gather(entries);
  }

  /** @param {FileSystemEntry[]} entries */
  async #gather(entries) {
    try {
      const files = [];
      for (const entry of entries) files.push(...(await filesOf(entry)));
      await this.#take(files);
    } catch {
      this.#say(this.dataset["failed"]);
    }
  }

  /** @param {Found[]} files */
  async #take(files) {
    const [first] = files;
    if (first === undefined) return this.#say(this.dataset["none"]);
    const isOne = files.length === 1 && !first.path.includes("/");
    const file = isOne ? first.file : await this.#zipped(files, first);
    if (file) this.#send(file);
  }

  /** @param {Found[]} files @param {Found} first */
  async #zipped(files, first) {
    if (!isPossible(files.map(({ file }) => file))) {
      this.#say(this.dataset["many"]);
      return undefined;
    }
    const sources = files.map(({ path, file }) => ({
      path,
      file,
      size: file.size,
      stream: () => /** @type {any} */ (file.stream()),
    }));
    const parts = await partsOf(sources, (count) => {
      if (count % 50 === 0) this.#say(`${count} / ${files.length}`);
    });
    const blobs = parts.map((part) => ("file" in part ? part.file : part));
    const folder = first.path.includes("/") ? first.path.split("/")[0] : "files";
    return new File(/** @type {BlobPart[]} */ (blobs), `${folder}.zip`);
  }

  /** @param {File} file */
  #send(file) {
    const form = this.querySelector("form");
    const input = form?.querySelector("input[name=file]");
    if (!form || !(input instanceof HTMLInputElement)) return;
    const chosen = new DataTransfer();
    chosen.items.add(file);
    input.files = chosen.files;
    form.requestSubmit();
  }

  /** @param {string} [words] */
  #say(words = "") {
    const place = this.querySelector("[data-part=said]");
    if (place) place.textContent = words;
  }
}
customElements.define("folder-drop", FolderDrop);
