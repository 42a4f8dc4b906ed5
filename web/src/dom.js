// Small helpers over the DOM.

/** The element with this id. */
export function byId(id) {
  return document.getElementById(id);
}

/** A new element: `make('p', {className: 'x'}, 'text', child)`. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Sets the text only when it differs, so that a screen reader hears changes alone. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Copies text; the clipboard API exists only in secure contexts, so there is an older way beside it. */
export async function copyText(text) {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = make('textarea', { value: text, className: 'offscreen' });
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (!copied) throw new Error('the browser did not copy');
}
