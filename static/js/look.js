// The look's page: a picker beside the field, each following the other.
const field = document.getElementById("f-typed");
const picker = document.getElementById("f-picker");

if (field instanceof HTMLInputElement && picker instanceof HTMLInputElement) {
  picker.hidden = false;
  picker.addEventListener("input", () => {
    field.value = picker.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  field.addEventListener("input", () => {
    if (/^#[0-9a-f]{6}$/i.test(field.value)) picker.value = field.value;
  });
}
