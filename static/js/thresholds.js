// Thresholds: a slider walks through the rows of the table and tells what each score would do.
const rows = [...document.querySelectorAll("[data-score]")];

for (const slider of document.querySelectorAll("[data-slides]")) {
  const field = document.getElementById(slider.dataset.slides);
  const told = document.getElementById(`${slider.dataset.slides}_told`);
  const tell = () => {
    field.value = slider.ariaValueText = rows[slider.value].dataset.score;
    told.textContent = rows[slider.value].dataset[slider.dataset.told];
  };
  const follow = () => (slider.value = rows.filter((row) => +row.dataset.score <= +field.value).length - 1);
  slider.addEventListener("input", tell);
  field.addEventListener("input", follow);
  follow();
}
